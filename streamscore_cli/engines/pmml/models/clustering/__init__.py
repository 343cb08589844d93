"""ClusteringModel: the nearest of some centers; clusters that are distributions are refused."""
