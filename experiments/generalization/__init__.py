"""What is learned by heart, and what carries over to new examples?"""
