"""What do a neuron and a layer of them compute?"""
