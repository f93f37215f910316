"""The keeper: a small process that owns what runs, so that it outlives the server.

Standard library only, and little of it: it starts in a few hundredths of a second and stays small.
"""
