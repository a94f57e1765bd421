"""What is being transferred in transfer learning? (Neyshabur, Sedghi and Zhang 2020)."""
