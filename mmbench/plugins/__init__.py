"""What is known of plugins: their source files, and errors in them."""
