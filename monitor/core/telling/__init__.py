"""What is owed to whom: policy, rotas, and the difference between what is true and what was told."""
