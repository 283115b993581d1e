namespace SynthSae.Compute

/// Input from outside (a file, a folder, a setting) that breaks a rule. The program reports it in one
/// line and ends with exit code 2; everything else that is raised is a bug.
exception BadInput of place: string * problem: string with
    override this.Message = $"{this.place}: {this.problem}"
