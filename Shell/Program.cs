namespace SynthSae;

/// <summary>The command line.</summary>
public static class Program
{
    public static int Main(string[] args)
    {
        Console.WriteLine($"synthsae {typeof(Program).Assembly.GetName().Version?.ToString(3)}");
        return 0;
    }
}
