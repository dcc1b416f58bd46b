"""Models and layers. They know nothing of masks: sparsity is attached to them from outside."""
