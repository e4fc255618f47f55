"""What should be done to the inputs before they are trained on?"""
