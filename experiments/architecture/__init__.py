"""What do connections, depth and width bring to a network?"""
