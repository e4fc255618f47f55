"""Carries experiments out: finds them, plans, trains or measures, writes the results."""
