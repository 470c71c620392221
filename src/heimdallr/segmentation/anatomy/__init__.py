"""What is done to the labels of the bundled networks, by the image and by what anatomy allows."""
