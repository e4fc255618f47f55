"""How does the gradient of the loss find its way back to every weight?"""
