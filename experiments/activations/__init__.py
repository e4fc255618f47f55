"""Which function should a hidden unit apply?"""
