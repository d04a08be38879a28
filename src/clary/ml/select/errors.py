"""The errors of S3 Select, in S3's words.

https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#SelectObjectContentErrorCodeList
"""

_MESSAGES = {
    "AmbiguousFieldName": "The field name matches to multiple fields in the file. Check the SQL expression and the "
    "file.",
    "CastFailed": "Attempt to convert from one data type to another using CAST failed in the SQL expression.",
    "CSVParsingError": "Encountered an error parsing the CSV file. Check the file and try again.",
    "EvaluatorBindingDoesNotExist": "A column name or a path provided does not exist in the SQL expression.",
    "EvaluatorInvalidArguments": "Incorrect number of arguments in the function call in the SQL expression.",
    "EvaluatorInvalidTimestampFormatPattern": "The timestamp format string in the SQL expression is not valid.",
    "ExpressionTooLong": "The SQL expression is too long: the maximum byte-length for the SQL expression is 256 KB.",
    "IntegerOverflow": "Integer overflow or underflow in the SQL expression.",
    "InternalError": "Encountered an internal error.",
    "InvalidColumnIndex": "The column index is invalid. Please check the service documentation and try again.",
    "InvalidCompressionFormat": "The object is not in the compression format that the request names.",
    "InvalidDataSource": "Invalid data source type. Only CSV, JSON, and Parquet are supported at this time.",
    "InvalidDataType": "The SQL expression contains an invalid data type.",
    "InvalidKeyPath": "The key path in the SQL expression is invalid.",
    "InvalidTextEncoding": "Invalid encoding type. Only UTF-8 encoding is supported at this time.",
    "JSONParsingError": "Encountered an error parsing the JSON file. Check the file and try again.",
    "LexerInvalidChar": "The SQL expression contains an invalid character.",
    "LikeInvalidInputs": "Invalid argument given to the LIKE clause in the SQL expression.",
    "MissingHeaders": "Some headers in the query are missing from the file. Check the file and try again.",
    "OverMaxColumn": "The number of columns is greater than the maximum allowable number of columns.",
    "OverMaxRecordSize": "The length of a record in the input or result is greater than maxCharsPerRecord of 1 MB.",
    "ParquetParsingError": "Error parsing Parquet file. Please check the file and try again.",
    "ParseAsteriskIsNotAloneInSelectList": "Other expressions are not allowed in the SELECT list when '*' is used "
    "without dot notation in the SQL expression.",
    "ParseEmptySelect": "The SQL expression contains an empty SELECT.",
    "ParseExpectedDatePart": "Did not find the expected date part in the SQL expression.",
    "ParseExpectedExpression": "Did not find the expected SQL expression.",
    "ParseExpectedIdentForAlias": "Did not find the expected identifier for the alias in the SQL expression.",
    "ParseExpectedKeyword": "Did not find the expected keyword in the SQL expression.",
    "ParseExpectedNumber": "Did not find the expected number in the SQL expression.",
    "ParseExpectedTokenType": "Did not find the expected token in the SQL expression.",
    "ParseExpectedTypeName": "Did not find the expected type name in the SQL expression.",
    "ParseExpectedWhenClause": "Did not find the expected WHEN clause in the SQL expression. CASE is not supported.",
    "ParseInvalidPathComponent": "The SQL expression contains an invalid path component.",
    "ParseInvalidTypeParam": "The SQL expression contains an invalid parameter value.",
    "ParseNonUnaryAgregateFunctionCall": "Only one argument is supported for aggregate functions in the SQL "
    "expression.",
    "ParseSelectMissingFrom": "The SQL expression contains a missing FROM after SELECT list.",
    "ParseUnexpectedKeyword": "The SQL expression contains an unexpected keyword.",
    "ParseUnexpectedOperator": "The SQL expression contains an unexpected operator.",
    "ParseUnexpectedToken": "The SQL expression contains an unexpected token.",
    "ParseUnsupportedCallWithStar": "Only COUNT with (*) as a parameter is supported in the SQL expression.",
    "TruncatedInput": "Object decompression failed. Check that the object is properly compressed using the format "
    "specified in the request.",
    "UnsupportedFunction": "Encountered an unsupported SQL function.",
    "UnsupportedSqlOperation": "Encountered an unsupported SQL operation.",
    "UnsupportedSqlStructure": "Encountered an unsupported SQL structure. Check the SQL Reference.",
    "ValueParseFailure": "Failed to parse a timestamp in the SQL expression.",
}


class SelectError(Exception):
    """What is wrong with the expression or the object: S3's code, and its message with what is to blame."""

    def __init__(self, code: str, culprit: str = "") -> None:
        self.code = code
        self.message = _MESSAGES[code] + (f" ({culprit})" if culprit else "")
        super().__init__(f"{code}: {self.message}")
