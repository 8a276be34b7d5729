"""Published claims, the rules that judge them, and the verdicts."""
