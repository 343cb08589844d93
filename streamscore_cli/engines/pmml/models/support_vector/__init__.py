"""SupportVectorMachineModel: kernels over support vectors, and the votes of several machines."""
