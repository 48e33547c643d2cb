"""The pages that students start with: a task, and a program that does not do it yet.

A page that imports hello's PAGE is written with hello's code in place of that import.
"""
