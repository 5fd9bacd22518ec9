"""The predictive benchmark: does a description of a real unit predict what it does on pictures nobody showed its author?"""
