"""Which loss belongs behind which output?"""
