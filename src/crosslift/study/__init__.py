"""Research questions: arms, controls and hypotheses, run and judged."""
