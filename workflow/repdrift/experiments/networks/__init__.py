"""The experiment on networks of different sizes (Goerttler & Obermayer 2024): whether larger networks unlearn less."""
