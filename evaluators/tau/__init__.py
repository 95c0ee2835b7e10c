"""τ-bench's and τ²-bench's recorded conversations, judged by end state and facts told."""
