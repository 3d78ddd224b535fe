"""Boots Coppice: scenario folders in, consoles and a verdict out."""
