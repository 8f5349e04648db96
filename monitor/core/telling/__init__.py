"""What is owed to whom: policy, rotas, links that acknowledge, and what is true against what was told."""
