"""What carries signals and gradients through many layers?"""
