"""The experiment on Neyshabur, Sedghi and Zhang (2020), who ask what is being transferred in transfer learning."""
