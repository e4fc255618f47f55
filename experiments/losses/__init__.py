"""Which loss stands behind which output?"""
