"""Where should training start?"""
