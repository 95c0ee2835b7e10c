"""ToolEval's figures over answers that somebody else made: pass and win rates, votes, files."""
