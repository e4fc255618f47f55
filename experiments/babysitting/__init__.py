"""Is the training healthy?"""
