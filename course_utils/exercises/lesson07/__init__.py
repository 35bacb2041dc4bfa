"""Lesson 07, Quantise and deploy: fewer numbers, fewer bits, integers, and a fair weighing."""
