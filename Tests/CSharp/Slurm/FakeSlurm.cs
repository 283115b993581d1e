using SynthSae.Slurm;

namespace SynthSae.Tests.Slurm;

/// <summary>Answers to Slurm's commands as a real one gives them, and what was asked.</summary>
internal sealed class FakeSlurm : ICommands
{
    private readonly Dictionary<string, Func<IReadOnlyList<string>, CommandOutcome>> _answers = [];
    private readonly Dictionary<string, string> _variables = [];

    /// <summary>The command lines, in order.</summary>
    public List<string> Asked { get; } = [];

    /// <summary>A client of this.</summary>
    public SlurmClient Client => new(this);

    /// <summary>A cluster that is up, with sbatch in a folder of the PATH.</summary>
    public static FakeSlurm Up(TemporaryFolder folder)
    {
        File.WriteAllText(folder.File("sbatch"), "");
        return new FakeSlurm()
            .With("PATH", folder.Path)
            .Answering("scontrol", "Slurmctld(primary) at vm is UP\n")
            .Answering("squeue", "")
            .Failing("sacct", "Slurm accounting storage is disabled\n");
    }

    public FakeSlurm With(string variable, string value)
    {
        _variables[variable] = value;
        return this;
    }

    public FakeSlurm Answering(string program, string output) =>
        Doing(program, _ => new CommandOutcome(0, output, ""));

    public FakeSlurm Failing(string program, string error, int code = 1) =>
        Doing(program, _ => new CommandOutcome(code, "", error));

    public FakeSlurm Doing(string program, Func<IReadOnlyList<string>, CommandOutcome> answer)
    {
        _answers[program] = answer;
        return this;
    }

    public string? Variable(string name) => _variables.GetValueOrDefault(name);

    public CommandOutcome Run(string program, IReadOnlyList<string> arguments)
    {
        Asked.Add($"{program} {string.Join(' ', arguments)}");
        return _answers[program](arguments);
    }
}
