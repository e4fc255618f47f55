"""What do a neuron, and a layer of neurons, compute?"""
