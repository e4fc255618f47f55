"""From which weights should training start?"""
