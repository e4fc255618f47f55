"""How should the weights move, and how fast?"""
