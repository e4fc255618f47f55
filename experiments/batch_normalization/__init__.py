"""What does batch normalization do?"""
