"""NeuralNetwork: layers of neurons, their activations and normalizations, and what their outputs mean."""
