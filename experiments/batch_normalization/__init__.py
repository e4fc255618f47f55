"""What does batch normalisation compute, and what does that change in training?"""
