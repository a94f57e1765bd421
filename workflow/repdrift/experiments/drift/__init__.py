"""The experiment on Goerttler and Obermayer (2022), Similarity of Pre-trained and Fine-tuned Representations."""
