using Microsoft.FSharp.Collections;
using SynthSae.Compute;
using SynthSae.Compute.Files;
using SynthSae.Compute.Ops;
using SynthSae.Data;
using SynthSae.Settings;
using SynthSae.Spec;

namespace SynthSae.Core;

/// <summary>
/// Encodes and decodes the tensors of a file with an SAE; an .npy file is one tensor without a
/// name.
/// </summary>
internal static class FileTransforms
{
    /// <summary>Name of the tensor of activations (n, D).</summary>
    public const string Activations = "x";

    /// <summary>Name of the tensor of latents (n, L).</summary>
    public const string Latents = "f";

    private const int Batch = 1024;

    /// <summary>
    /// x (n, D) of one file to f (n, L) of another; returns n and the pruning, if any was wished
    /// for.
    /// </summary>
    public static (long Rows, Pruning? Pruning) Encode(
        SavedSae saved, PruningSpec wish, string input, string output, AppSettings settings)
    {
        var sae = saved.Sae;
        var x = Read(input, Activations, sae.Dim, saved);
        CheckSize(input, x.Rows, sae.Latents);
        var f = new Matrix(x.Rows, sae.Latents);
        var pruning = Pruning.Decide(
            wish,
            saved.Pruning,
            () => Pruning.Find(
                settings,
                sae,
                new MatrixBatches(x),
                Math.Min(x.Rows, PruningThreshold.DefaultSamples),
                Batch,
                _ => { }));
        var runner = new SaeRunner(settings.Backend(), Pruning.Apply(pruning, sae));
        var codes = new Codes(sae.Latents);
        var units = new LatentUnits(sae);

        for (var first = 0; first < x.Rows; first += Batch)
        {
            var batch = new Matrix(Math.Min(Batch, x.Rows - first), x.Cols);
            x.Span.Slice(first * x.Cols, batch.Length).CopyTo(batch.Span);
            runner.Encode(batch, codes);
            Scatter(codes, units, f, first);
        }

        Write(output, Latents, f);
        return (x.Rows, pruning);
    }

    /// <summary>f (n, L) of one file to x (n, D) of another; returns n.</summary>
    public static long Decode(SavedSae saved, string input, string output, AppSettings settings)
    {
        var sae = saved.Sae;
        if (!sae.Scaling.IsNone)
        {
            throw Failure.BadInput(
                saved.Folder,
                "scales each input by itself, so latents alone do not say what it was");
        }

        var f = Read(input, Latents, sae.Latents, saved);
        CheckSize(input, f.Rows, sae.Dim);
        Unscale(f, new LatentUnits(sae));
        var x = new Matrix(f.Rows, sae.Dim);
        var bias = sae.AddsDecoderBias ? sae.DecoderBias : new float[sae.Dim];
        if (settings.UseReference)
        {
            GemmReference.multiplyAdd(false, f, false, sae.Decoder, bias, x);
        }
        else
        {
            GemmCpu.multiplyAdd(settings.Threads, false, f, false, sae.Decoder, bias, x);
        }

        Write(output, Activations, x);
        return f.Rows;
    }

    private static Matrix Read(string path, string name, int columns, SavedSae saved) =>
        Files.IsNpy(path)
            ? ReadNpy(path, columns, saved)
            : ReadSafetensors(path, name, columns, saved);

    private static Matrix ReadNpy(string path, int columns, SavedSae saved)
    {
        using var file = Npy.read(path);
        CheckShape(path, "the array", file.Shape, columns, saved);
        return Finite(file.Matrix(), path, "the array");
    }

    private static Matrix ReadSafetensors(string path, string name, int columns, SavedSae saved)
    {
        using var file = Safetensors.read(path);
        var tensor = $"tensor '{name}'";
        CheckShape(path, tensor, file.Info(name).Shape, columns, saved);
        return Finite(ReadFloats(file, name), path, tensor);
    }

    private static void CheckShape(
        string path, string what, FSharpList<long> shape, int columns, SavedSae saved)
    {
        if (shape.Length != 2 || shape[1] != columns)
        {
            throw Failure.BadInput(
                path,
                $"{what} has shape ({string.Join(", ", shape)}); "
                    + $"the SAE in {saved.Folder} needs (n, {columns})");
        }
    }

    // Float64 is what numpy makes unasked; it is rounded, since everything here computes in
    // float32.
    private static Matrix ReadFloats(SafetensorsFile file, string name)
    {
        var info = file.Info(name);
        return info.Dtype.IsF64
            ? MatrixModule.ofArray(
                (int)info.Shape[0],
                (int)info.Shape[1],
                Array.ConvertAll(file.Float64(name), value => (float)value))
            : file.Matrix(name);
    }

    // What is not a number would spread over its sample, or vanish from it in silence.
    private static Matrix Finite(Matrix matrix, string path, string what)
    {
        for (var row = 0; row < matrix.Rows; row++)
        {
            foreach (var value in matrix.Row(row))
            {
                if (!float.IsFinite(value))
                {
                    throw Failure.BadInput(path, $"{what} holds {value} in row {row}");
                }
            }
        }

        return matrix;
    }

    private static void CheckSize(string path, long rows, long columns)
    {
        if (rows * columns > Array.MaxLength)
        {
            throw Failure.BadInput(
                path, $"{rows} samples of {columns} numbers are too many; split the input");
        }
    }

    private static void Scatter(Codes codes, LatentUnits units, Matrix f, int first)
    {
        for (var row = 0; row < codes.Rows; row++)
        {
            var target = f.Row(first + row);
            var index = codes.RowIndex(row);
            var value = codes.RowValue(row);
            for (var entry = 0; entry < index.Length; entry++)
            {
                target[index[entry]] = units.ToX(index[entry], value[entry]);
            }
        }
    }

    private static void Unscale(Matrix f, LatentUnits units)
    {
        for (var row = 0; row < f.Rows; row++)
        {
            var latents = f.Row(row);
            for (var latent = 0; latent < latents.Length; latent++)
            {
                latents[latent] = units.OfX(latent, latents[latent]);
            }
        }
    }

    private static void Write(string path, string name, Matrix matrix)
    {
        if (Files.IsNpy(path))
        {
            Npy.write(path, matrix);
            return;
        }

        Safetensors.write(
            path,
            FSharpList<Tuple<string, string>>.Empty,
            ListModule.Singleton(Tuple.Create(name, Tensor.NewMatrix(matrix))));
    }
}
