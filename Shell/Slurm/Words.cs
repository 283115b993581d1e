using System.Text;

namespace SynthSae.Slurm;

/// <summary>Arguments that are given in one text.</summary>
internal static class Words
{
    /// <summary>
    /// The words between the spaces, of which those in single or double quotation marks are part of
    /// a word; null if one of these is not closed.
    /// </summary>
    public static IReadOnlyList<string>? TrySplit(string text)
    {
        List<string> words = [];
        StringBuilder? word = null;
        char? mark = null;
        foreach (var letter in text)
        {
            if (letter == mark)
            {
                mark = null;
            }
            else if (mark is null && letter is '\'' or '"')
            {
                mark = letter;
                word ??= new StringBuilder();
            }
            else if (mark is null && char.IsWhiteSpace(letter))
            {
                Close();
            }
            else
            {
                word = (word ?? new StringBuilder()).Append(letter);
            }
        }

        Close();
        return mark is null ? words : null;

        void Close()
        {
            if (word is not null)
            {
                words.Add(word.ToString());
            }

            word = null;
        }
    }
}
