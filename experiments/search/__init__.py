"""How should hyperparameters be searched?"""
