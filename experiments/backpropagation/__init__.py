"""How do gradients come back?"""
