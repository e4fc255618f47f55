"""What every experiment must keep, whoever wrote it: `zoo check` and the tests ask here.

A check returns what it found wrong in words, with file and line where they are known.
"""
