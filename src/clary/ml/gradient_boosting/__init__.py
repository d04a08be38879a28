"""Gradient-boosted trees: SageMaker's built-in XGBoost on the xgboost library."""
