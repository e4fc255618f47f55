"""What keeps a network from overfitting?"""
