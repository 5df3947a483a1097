"""What the user keeps: images, texts, vectors, problems, and what was made of them."""
