"""What should be done to the inputs?"""
