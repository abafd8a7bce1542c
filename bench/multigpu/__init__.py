# Copyright 2026 The Hanga Authors
# SPDX-License-Identifier: Apache-2.0
"""What bench/run multi-gpu is made of, a file for each question that it asks of several devices."""
