"""Courses from the studies' notebooks: student and instructor packs, variants, grading. Nothing here is written twice:
exercises, solutions, checks and points are the notebooks' own, in nbgrader's format (schema 3).
"""
