#!/usr/bin/env bash
# The main job with the AWS CLI, version 1 or 2. Run it with `clary run -- bash examples/aws_cli.sh`. It would run against AWS as well.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
name=cli-$(date +%s)-$$
image=683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1
role=$(aws iam get-role --role-name ClaryExecutionRole --query Role.Arn --output text)

mkdir "$folder/train"
awk 'BEGIN { srand(1); for (i = 0; i < 1000; i++) { x = 2 * rand() - 1; y = 2 * rand() - 1;
     printf "%d,%.4f,%.4f\n", (x * x + y * y < 0.5), x, y } }' >"$folder/train/circle.csv"

aws s3 mb "s3://$name"
aws s3 sync "$folder/train" "s3://$name/train"
aws s3 cp "s3://$name/train/circle.csv" "$folder/again.csv"
cmp "$folder/train/circle.csv" "$folder/again.csv"
aws s3 ls --recursive "s3://$name"

aws sagemaker create-training-job --training-job-name "$name" --role-arn "$role" \
  --algorithm-specification "TrainingImage=$image,TrainingInputMode=File" \
  --hyper-parameters 'objective=binary:logistic,eval_metric=auc,num_round=50' \
  --input-data-config "[{\"ChannelName\": \"train\", \"ContentType\": \"text/csv\",
      \"DataSource\": {\"S3DataSource\": {\"S3DataType\": \"S3Prefix\", \"S3Uri\": \"s3://$name/train\"}}}]" \
  --output-data-config "S3OutputPath=s3://$name/output" \
  --resource-config InstanceType=ml.m5.large,InstanceCount=1,VolumeSizeInGB=10 \
  --stopping-condition MaxRuntimeInSeconds=600 --query TrainingJobArn --output text
until [[ $(aws sagemaker describe-training-job --training-job-name "$name" --query TrainingJobStatus --output text) != InProgress ]]; do
  sleep 0.2
done
aws sagemaker describe-training-job --training-job-name "$name" --query '[TrainingJobStatus, ModelArtifacts]'
if [[ $(aws --version 2>&1) == aws-cli/1.* ]]; then # which has no `logs tail`
  aws logs filter-log-events --log-group-name /aws/sagemaker/TrainingJobs --log-stream-name-prefix "$name/" \
    --query 'events[-3:].message' --output text
else
  aws logs tail /aws/sagemaker/TrainingJobs --log-stream-name-prefix "$name/" --since 1h | tail -n 3
fi

artefact=$(aws sagemaker describe-training-job --training-job-name "$name" \
  --query ModelArtifacts.S3ModelArtifacts --output text)
aws sagemaker create-model --model-name "$name" --execution-role-arn "$role" \
  --primary-container "Image=$image,ModelDataUrl=$artefact" --query ModelArn --output text
aws sagemaker create-endpoint-config --endpoint-config-name "$name" --query EndpointConfigArn --output text \
  --production-variants "VariantName=AllTraffic,ModelName=$name,InstanceType=ml.m5.large,InitialInstanceCount=1"
aws sagemaker create-endpoint --endpoint-name "$name" --endpoint-config-name "$name" --query EndpointArn --output text
until [[ $(aws sagemaker describe-endpoint --endpoint-name "$name" --query EndpointStatus --output text) != Creating ]]; do
  sleep 0.2
done
printf '0.1,0.1' >"$folder/point.csv"
aws sagemaker-runtime invoke-endpoint --endpoint-name "$name" --content-type text/csv \
  --body "fileb://$folder/point.csv" "$folder/answer" >/dev/null
echo "inside the circle: $(cat "$folder/answer")"

aws sagemaker delete-endpoint --endpoint-name "$name"
aws sagemaker delete-endpoint-config --endpoint-config-name "$name"
aws sagemaker delete-model --model-name "$name"
aws s3 rm --recursive "s3://$name"
aws s3 rb "s3://$name"
